// Offers and decisions out of texts: what was asked for is read exactly, and whatever else is a fault, not a number.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDecision } from "./decision-reading.ts";
import { type Learned, readPrinciple } from "./learner.ts";
import { readContribution, readOffer, readPick, readPrices } from "./number-reading.ts";
import { offerText } from "./wording.ts";

const dollars = [{ unit: "dollars", amount: 100 }];
const two = [
  { unit: "grams of medicine", amount: 40 },
  { unit: "apples", amount: 7 },
];

const resources = fc
  .uniqueArray(fc.constantFrom("dollars", "apples", "pints of blood"), { minLength: 1, maxLength: 3 })
  .chain((units) =>
    fc.tuple(
      ...units.map((unit) =>
        fc.record({ unit: fc.constant(unit), amount: fc.integer({ min: 1, max: 100 }) }),
      ),
    ),
  );

describe("readOffer", () => {
  it("reads every offer in its form, whatever is said round it", () => {
    fc.assert(
      fc.property(
        resources,
        fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }),
        fc.boolean(),
        (all, raw, adorned) => {
          const given = all.map(({ amount }, at) => raw[at]! % (amount + 1));
          const text = offerText(all, given, "full");
          const said = adorned
            ? `<think>Offer: total 1 dollars, keep 1, give 0</think>Sure, 50 or 60?\n- **${text.replaceAll("\n", "**\n- **")}**\nBye {you}: 3`
            : text;
          expect(readOffer(said, all, "full")).toEqual({ move: { type: "offer", given } });
        },
      ),
    );
  });

  it("never reads parts that do not sum to the total, another total, or another unit", () => {
    fc.assert(
      fc.property(
        fc.nat(300),
        fc.nat(300),
        fc.nat(300),
        fc.constantFrom("dollars", "apples", "dollar", "$"),
        (total, keep, give, unit) => {
          const read = readOffer(
            `Offer: total ${total} ${unit}, keep ${keep}, give ${give}`,
            dollars,
            "full",
          );
          const isRight = unit === "dollars" && total === 100 && keep + give === 100;
          expect("move" in read).toBe(isRight);
        },
      ),
    );
  });

  it.each([
    ["", "offer-missing"],
    ["I keep 40 and give 60.", "offer-missing"],
    ["Offer: 100 dollars, 40, 60", "offer-malformed"],
    ["Offer: total 100 dollars, keep 39.5, give 60.5", "offer-malformed"],
    ["Offer: total 100 dollars, keep -10, give 110", "offer-malformed"],
    ["Offer: total 100 dollars, keep forty, give sixty", "offer-malformed"],
    ["Offer: total 100 dollars, give 60, keep 40", "offer-malformed"],
    ["Offer: total 100 dollars, keep 40, give 59", "sum-wrong"],
    ["Offer: total 90 dollars, keep 30, give 60", "total-wrong"],
    ["Offer: total 100 apples, keep 40, give 60", "unit-unknown"],
    [
      "Offer: total 100 dollars, keep 40, give 60\nOffer: total 100 dollars, keep 60, give 40",
      "offer-contradictory",
    ],
  ])("%s → %s", (text, fault) => {
    expect(readOffer(text, dollars, "full")).toEqual({ fault });
  });

  it("wants every one of several things, in any order", () => {
    const one = "Offer: total 7 apples, keep 7, give 0";
    expect(readOffer(one, two, "full")).toEqual({ fault: "unit-missing" });
    expect(readOffer(`${one}\nOffer: total 40 Grams of Medicine, keep 1, give 39`, two, "full")).toEqual({
      move: { type: "offer", given: [39, 0] },
    });
  });

  it("reads every offer of the brief wording in the order of the things, and only there", () => {
    fc.assert(
      fc.property(resources, fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }), (all, raw) => {
        const given = all.map(({ amount }, at) => raw[at]! % (amount + 1));
        const text = offerText(all, given, "brief");
        expect(readOffer(text, all, "brief")).toEqual({ move: { type: "offer", given } });
        expect(readOffer(text, all, "full")).toEqual({ fault: "offer-malformed" });
        expect(readOffer(offerText(all, given, "full"), all, "brief")).toEqual({ fault: "offer-malformed" });
      }),
    );
  });

  it.each([
    ["Give: 60", "offer-missing"],
    ["Offer: keep 40, give 59", "sum-wrong"],
    ["Offer: keep 40 dollars, give 60 dollars", "offer-malformed"],
    ["Offer: keep 40, give 60\nOffer: keep 60, give 40", "offer-contradictory"],
  ])("in brief: %s → %s", (text, fault) => {
    expect(readOffer(text, dollars, "brief")).toEqual({ fault });
  });

  it("wants a line for each of several things in brief, and takes one line twice for one", () => {
    expect(readOffer("Offer: keep 40, give 60\nOffer: keep 40, give 60", dollars, "brief")).toEqual({
      move: { type: "offer", given: [60] },
    });
    expect(readOffer("Offer: keep 40, give 0", two, "brief")).toEqual({ fault: "unit-missing" });
    expect(readOffer("Offer: keep 7, give 0\nOffer: keep 40, give 0", two, "brief")).toEqual({
      fault: "sum-wrong",
    });
  });
});

describe("readDecision", () => {
  it.each([
    ["accept", true],
    ["Decision: accept", true],
    ["**Decision:** Accept.", true],
    ["Decision: Accepted", true],
    ["Decision: accept\nNot great, but I accept.", true],
    ["Decision: accept\nI cannot accept less next time.", true],
    ["I accept.", true],
    ["Thank you, I accept the offer!", true],
    ["Thank you. I gladly accept.", true],
    ["If I reject, nobody gets anything.\nDecision: accept", true],
    ["Splendid, what a friendly split!\nDecision: accept", true],
    ["<think>I should reject</think>Decision: accept", true],
    ["reject", false],
    ["Decision: Reject.", false],
    ["I cannot accept", false],
    ["I can't accept this.", false],
    ["I don’t accept.", false],
    ["I will not accept this offer.", false],
    ["I am unable to accept it", false],
    ["I refuse to accept this", false],
    ["I decline.", false],
  ])("%s → %s", (text, accepts) => {
    expect(readDecision(text)).toEqual({ move: { type: "decision", accepts } });
  });

  it.each([
    ["", "decision-missing"],
    ["Splendid.", "decision-missing"],
    ["That is acceptable", "decision-unclear"],
    ["Decision: yes", "decision-unclear"],
    ["Decision: accept or reject", "decision-unclear"],
    ["Decision: not accepted", "decision-unclear"],
    ["Decision: accept? Never.", "decision-unclear"],
    ["Decision: too low to accept", "decision-unclear"],
    ["I would accept if it were more.", "decision-unclear"],
    ["I cannot reject this", "decision-unclear"],
    ["You should accept", "decision-unclear"],
    ["I accept no such offer.", "decision-unclear"],
    ["I accept under no circumstances.", "decision-unclear"],
    ["I accept nothing of the kind", "decision-unclear"],
    ["No way I accept that", "decision-unclear"],
    ["This is too low to accept.", "decision-unclear"],
    ["I am too proud to accept.", "decision-unclear"],
    ["Rather than accept, I walk away.", "decision-unclear"],
    ["I fail to accept this.", "decision-unclear"],
    ["Only a fool accepts this.", "decision-unclear"],
    ["Accept? Certainly not.", "decision-unclear"],
    ["To accept? No.", "decision-unclear"],
    ["I accept. Certainly not.", "decision-unclear"],
    ["I accept. No, I reject.", "decision-contradictory"],
    ["Decision: accept\nDecision: reject", "decision-contradictory"],
    ["I reject your insult.\nDecision: accept", "decision-contradictory"],
    ["Decision: accept\nI do not accept.", "decision-contradictory"],
    ["Decision: accept\nI never accept such splits.", "decision-contradictory"],
    ["Decision: reject\nI accept.", "decision-contradictory"],
  ])("%s → %s", (text, fault) => {
    expect(readDecision(text)).toEqual({ fault });
  });

  it("takes no text for an acceptance that has other words round the verb, in the form or without it", () => {
    const word = fc.constantFrom(
      ...[
        "no",
        "not",
        "never",
        "hardly",
        "nobody",
        "too",
        "low",
        "to",
        "rather",
        "than",
        "fail",
        "only",
        "a",
        "fool",
      ],
      ...[
        "under",
        "circumstances",
        "cannot",
        "won't",
        "such",
        "proud",
        "if",
        "would",
        "who",
        "?",
        "un",
        "nothing",
      ],
    );
    const words = fc.array(word, { maxLength: 4 }).map((some) => some.join(" "));
    const start = fc.constantFrom("", "I ", "We ", "Decision: ", "Decision: I ");
    fc.assert(
      fc.property(start, words, words, fc.constantFrom("", ".", "!"), (opening, before, after, end) => {
        fc.pre(before + after !== "");
        const text = `${opening}${before} accept ${after}${end}`;
        expect(readDecision(text)).not.toEqual({ move: { type: "decision", accepts: true } });
      }),
    );
  });

  it("never takes a negated acceptance for one, nor two decisions for either", () => {
    const before = fc.constantFrom("I cannot", "I do not", "I won't", "We will not", "I am unable to");
    const tail = fc.constantFrom("", " this", " the offer", " your split");
    const odd = fc.constantFrom(" in good conscience", " really", " ever");
    fc.assert(
      fc.property(before, odd, tail, fc.boolean(), (no, between, it, both) => {
        const text = `${no} accept${it}.`;
        expect(readDecision(text)).toEqual({ move: { type: "decision", accepts: false } });
        expect(readDecision(`${no}${between} accept${it}.`)).toEqual({ fault: "decision-unclear" });
        const joined = both ? `${text} I accept${it}.` : `I accept${it}. ${text}`;
        expect(readDecision(joined)).toEqual({ fault: "decision-contradictory" });
      }),
    );
  });

  it("gives a decision or a fault for any text at all", () => {
    const word = fc.constantFrom(
      "accept",
      "reject",
      "not",
      "I",
      "if",
      ".",
      "\n",
      "Decision:",
      "refuse",
      "to",
      "{}",
      "but",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((some) => some.join(" ")),
        ),
        (text) => {
          const read = readDecision(text);
          if ("fault" in read) expect(read.fault).toMatch(/^decision-(missing|unclear|contradictory)$/);
          else expect(text.toLowerCase()).toMatch(/accept|reject|refuse|decline/);
        },
      ),
    );
  });
});

describe("other moves", () => {
  const view = {
    type: "contribute",
    endowment: { unit: "apples", amount: 20 },
    players: 4,
    multiplier: 2,
  } as const;
  it.each([
    ["Give: 20 apples", { move: { type: "contribution", units: 20 } }],
    ["Give: 21 apples", { fault: "too-much" }],
    ["Give: 5 dollars", { fault: "unit-unknown" }],
    ["Give: 5", { fault: "give-malformed" }],
    ["Give: 5 apples\nGive: 6 apples", { fault: "give-contradictory" }],
    ["I give 5 apples", { fault: "give-missing" }],
  ])("contribution %s", (text, read) => {
    expect(readContribution(text, view, "full")).toEqual(read);
  });

  const price = { type: "price", costs: [1, 9], total: 10, picked: 1 } as const;
  it.each([
    ["Prices: item A 4, item B 6", { move: { type: "prices", prices: [4, 6] } }],
    ["Prices: item A 4, item B 7", { fault: "sum-wrong" }],
    ["Prices: item B 6, item A 4", { fault: "prices-malformed" }],
    ["", { fault: "prices-missing" }],
  ])("prices %s", (text, read) => {
    expect(readPrices(text, price)).toEqual(read);
  });

  it.each([
    ["Pick: item B", { move: { type: "pick", item: 1 } }],
    ["Pick: a", { move: { type: "pick", item: 0 } }],
    ["Pick: item A or B", { fault: "pick-malformed" }],
    ["Pick: item A\nPick: item B", { fault: "pick-contradictory" }],
  ])("pick %s", (text, read) => {
    expect(readPick(text)).toEqual(read);
  });
});

describe("readPrinciple", () => {
  const before = { text: "Share evenly." };
  it.each<[string, Learned]>([
    [
      "Reason: it is so\nPrinciple: Give all:\neverything.",
      { principle: { text: "Give all:\neverything." }, state: "learned", reason: "it is so" },
    ],
    ["**Principle:** Give all.", { principle: { text: "Give all." }, state: "learned" }],
    ["Reason: fine\nPrinciple: unchanged.", { principle: before, state: "kept", reason: "fine" }],
    ...[
      "**unchanged**",
      "(unchanged)",
      '"Unchanged."',
      "Unchanged, since they all share evenly.",
      "Unchanged (they share evenly).",
      "It is unchanged.",
      "The principle stays the same.",
    ].map((said) => [`Principle: ${said}`, { principle: before, state: "kept" }] satisfies [string, Learned]),
    ...[
      "Unchanged shares are to be kept.",
      "The same for everybody.",
      "Unchanged, but always give half.",
      "Unchanged, except: offer 60 of 100",
    ].map(
      (said) =>
        [`Principle: ${said}`, { principle: { text: said }, state: "learned" }] satisfies [string, Learned],
    ),
    ["Give all.", { principle: before, state: "unparseable", reason: "principle-missing" }],
    ["Principle:", { principle: before, state: "unparseable", reason: "principle-missing" }],
    [
      "Principle: one\nPrinciple: two",
      { principle: before, state: "unparseable", reason: "principle-contradictory" },
    ],
  ])("%s", (text, learned) => {
    expect(readPrinciple(text, before)).toEqual(learned);
  });
});
