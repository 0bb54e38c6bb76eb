import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText, html, jsonInScript, trusted } from "./markup.ts";

const unescaped = (text: string): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

describe("escaping", () => {
  it("leaves no character that could open a tag, an attribute or a reference, and loses nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const escaped = escapeText(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(lt|gt|quot|amp|#39);/g, "")).not.toContain("&");
        if (!/[\p{Cc}\p{Cs}\p{Cn}]/u.test(text)) expect(unescaped(escaped)).toBe(text);
      }),
    );
  });

  it("replaces what HTML cannot hold", () => {
    expect(escapeText("a\u0000b\u0085c\ud800d\ufffe")).toBe("a\ufffdb\ufffdc\ufffdd\ufffd");
    expect(escapeText("line\n\ttab")).toBe("line\n\ttab");
  });
});

describe("html", () => {
  it("escapes what is put in and keeps markup made by itself", () => {
    const inner = html`<b>${"<i>"}</b>`;
    expect(html`<p title="${'"x"'}">${inner}${["&", trusted("<hr>")]}${3}</p>`.markup).toBe(
      '<p title="&quot;x&quot;"><b>&lt;i&gt;</b>&amp;<hr>3</p>',
    );
  });

  it("leaves nothing for null, undefined and false", () => {
    expect(html`[${null}${undefined}${false}]`.markup).toBe("[]");
  });
});

describe("JSON in a script element", () => {
  it("reads back equal and cannot end the element", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("</script>", "<!--", "]]>", "&"), (value, planted) => {
        const { markup } = jsonInScript([value, planted]);
        expect(markup).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(markup)).toEqual(JSON.parse(JSON.stringify([value, planted])));
      }),
    );
  });
});
