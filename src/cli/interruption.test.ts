import { describe, expect, it } from "vitest";
import { InterruptedError, manualClock } from "../core/index.ts";
import { createInterruption } from "./interruption.ts";

describe("an interruption", () => {
  it("asks first and ends at the second; a signal that arrives twice is one", () => {
    const clock = manualClock(1000);
    let ended = 0;
    const { signal, interrupt } = createInterruption(clock, () => {
      ended++;
    });
    expect(signal.aborted).toBe(false);
    interrupt();
    expect(signal.reason).toBeInstanceOf(InterruptedError);
    clock.advance(20);
    interrupt();
    expect(ended).toBe(0);
    clock.advance(2000);
    interrupt();
    expect(ended).toBe(1);
  });

  it("never ends the process by a stop that is asked for, but by a signal after it", () => {
    const clock = manualClock(1000);
    let ended = 0;
    const { signal, interrupt, stop } = createInterruption(clock, () => {
      ended++;
    });
    interrupt();
    clock.advance(2000);
    stop();
    expect(ended).toBe(0);
    const asked = createInterruption(clock, () => {
      ended++;
    });
    asked.stop();
    expect(asked.signal.reason).toBeInstanceOf(InterruptedError);
    expect(signal.aborted).toBe(true);
    clock.advance(2000);
    asked.interrupt();
    expect(ended).toBe(1);
  });
});
