// What stands under the headline: only what the run knows of itself.

import { describe, expect, it } from "vitest";
import { scopeOf, scopeText } from "./scope.ts";

const stage = (bytes: number) => ({
  stage: "ethical/sl",
  inputs: "0".repeat(64),
  seconds: 1,
  records: 1,
  artefacts: [{ path: "model/model.safetensors", bytes, sha256: "0".repeat(64) }],
});

describe("the line under the headline", () => {
  it("says how large an embedded model is and how its judge learned", () => {
    const said = scopeText(scopeOf({ model: "embedded:covenant-tiny" }, [stage(10_889_256)]));
    expect(said).toContain("a small model (2.7 million parameters) in a small made-up language");
    expect(said).toContain("one seed");
    expect(said).toContain("comparisons that an exact oracle answered");
  });

  it("claims nothing of a model that the run does not know", () => {
    for (const config of [{ model: "./mine" }, {}, null, "text"]) {
      const said = scopeText(scopeOf(config, [stage(4_000_000_000)]));
      expect(said).toContain("made-up language");
      expect(said).not.toMatch(/parameters|small model|oracle/);
    }
  });

  it("says that another model judged", () => {
    const said = scopeText(scopeOf({ model: "embedded:covenant-tiny", judge: "openai:name" }, []));
    expect(said).toContain("judged by another model");
    expect(said).not.toMatch(/oracle|parameters/);
  });
});
