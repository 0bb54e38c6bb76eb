// Everything core offers. What also runs in a browser is listed in portable.ts.
export * from "./portable.ts";
