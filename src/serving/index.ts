// A model folder behind OpenAI's HTTP interface: models, chat completions, completions; streams, log-probabilities,
// several choices. Other folders start it and close it.

export { type ModelServer, type ServerOptions, startServer } from "./server.ts";
