// Configurations and parameters: what a Hugging Face config.json becomes, what is refused and how, and the initial
// values of weights.
import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { type ModelConfig, parseModelConfig, taskOfConfig, writeModelConfig } from "./config.ts";
import { checkWeights, initialParameters, parameterCount, parameterShapes } from "./parameters.ts";

const raw = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 96,
  hidden_size: 32,
  intermediate_size: 80,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  max_position_embeddings: 128,
  rope_parameters: { rope_theta: 5000, rope_type: "default" },
  tie_word_embeddings: true,
  eos_token_id: [1, 2],
  pad_token_id: 0,
  something_else: { that: "nobody reads" },
};
/** A configuration without the file that it was read from. */
const withoutOriginal = ({ original: _, ...config }: ModelConfig): ModelConfig => config;
const config = withoutOriginal(parseModelConfig(raw));

describe("parseModelConfig", () => {
  it("reads the fields of both generations of transformers", () => {
    expect(config).toEqual({
      family: "llama",
      vocabularySize: 96,
      hiddenSize: 32,
      intermediateSize: 80,
      layers: 2,
      heads: 4,
      keyValueHeads: 2,
      headSize: 8,
      normEpsilon: 1e-5,
      ropeTheta: 5000,
      maxPositions: 128,
      tieEmbeddings: true,
      beginTokenId: null,
      endTokenIds: [1, 2],
      padTokenId: 0,
    });
    const old = { ...raw, rope_parameters: undefined, rope_theta: 7000, eos_token_id: 2, head_dim: 16 };
    expect(parseModelConfig(old)).toMatchObject({ ropeTheta: 7000, endTokenIds: [2], headSize: 16 });
    const bare = { ...raw, rope_parameters: undefined, num_key_value_heads: null, pad_token_id: -1 };
    expect(parseModelConfig(bare)).toMatchObject({ ropeTheta: 10_000, keyValueHeads: 4, padTokenId: null });
  });

  it.each([
    [{ model_type: "mamba" }, /model_type is "mamba"; known are: gemma3, gemma3_text, gpt2, llama, mistral/],
    [{ model_type: undefined }, /model_type is missing/],
    [{ hidden_size: undefined }, /hidden_size/],
    [{ hidden_size: "32" }, /hidden_size.*"32"/],
    [{ num_hidden_layers: 1e9 }, /num_hidden_layers: got 1000000000, expected at most 1000/],
    [{ num_attention_heads: 5, head_dim: undefined }, /not a multiple of num_attention_heads 5/],
    [{ num_key_value_heads: 3 }, /num_key_value_heads 3 does not divide/],
    [{ head_dim: 7 }, /needs? an even/],
    [{ hidden_act: "gelu" }, /hidden_act is "gelu"/],
    [{ attention_bias: true }, /attention_bias/],
    [{ mlp_bias: true }, /mlp_bias/],
    [{ rope_scaling: { rope_type: "yarn", factor: 8 } }, /rope_scaling.rope_type is "yarn"/],
    [{ quantization_config: { bits: 4 } }, /quantization_config/],
  ])("refuses %j", (change, message) => {
    const attempt = () => parseModelConfig({ ...raw, ...change }, "some/config.json");
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(/some\/config\.json/);
  });

  it("refuses what is no object", () => {
    expect(() => parseModelConfig([])).toThrow(UserError);
    expect(() => parseModelConfig([])).toThrow("config.json: got a list, expected a JSON object");
    expect(() => parseModelConfig(null)).toThrow("config.json: got null, expected a JSON object");
  });
});

describe("writeModelConfig", () => {
  it("is read back as the same configuration and task", () => {
    for (const changed of [
      config,
      { ...config, tieEmbeddings: false, endTokenIds: [] },
      { ...config, endTokenIds: [3], headSize: 24, ropeTheta: 1234.5 },
      { ...config, ropeScaling: { type: "linear", factor: 4 } as const },
      {
        ...config,
        ropeScaling: {
          type: "llama3",
          factor: 8,
          lowFrequencyFactor: 2,
          highFrequencyFactor: 5,
          originalPositions: 64,
        } as const,
      },
    ]) {
      const written = JSON.parse(JSON.stringify(writeModelConfig(changed, "sequence-classification")));
      expect(withoutOriginal(parseModelConfig(written))).toEqual(changed);
      expect(taskOfConfig(written)).toBe("sequence-classification");
    }
    expect(writeModelConfig(parseModelConfig(raw))).toMatchObject({ something_else: raw.something_else });
    expect(taskOfConfig(writeModelConfig(config))).toBe("causal-lm");
    const padless = { ...config, padTokenId: null, endTokenIds: [5, 6] };
    expect(writeModelConfig(padless)["pad_token_id"]).toBeNull();
    expect(writeModelConfig(padless, "sequence-classification")["pad_token_id"]).toBe(5);
    expect(writeModelConfig(config, "causal-lm", "bfloat16")["torch_dtype"]).toBe("bfloat16");
  });
});

describe("parameters", () => {
  const untied = { ...config, tieEmbeddings: false };

  it("have Hugging Face's names and [out, in] shapes", () => {
    const shapes = parameterShapes(config);
    expect(shapes["model.embed_tokens.weight"]).toEqual([96, 32]);
    expect(shapes["model.layers.1.self_attn.k_proj.weight"]).toEqual([16, 32]);
    expect(shapes["model.layers.0.self_attn.o_proj.weight"]).toEqual([32, 32]);
    expect(shapes["model.layers.0.mlp.down_proj.weight"]).toEqual([32, 80]);
    expect(shapes).not.toHaveProperty(["lm_head.weight"]);
    expect(parameterShapes(untied)["lm_head.weight"]).toEqual([96, 32]);
    const scored = parameterShapes(untied, "sequence-classification");
    expect(scored["score.weight"]).toEqual([1, 32]);
    expect(scored).not.toHaveProperty(["lm_head.weight"]);
    const layer = 32 * 32 * 2 + 16 * 32 * 2 + 3 * 80 * 32 + 2 * 32;
    expect(parameterCount(untied)).toBe(2 * 96 * 32 + 2 * layer + 32);
  });

  it("begin normal with deviation 0.02, residual projections smaller, norms one, the same for the same seed", () => {
    const weights = initialParameters(untied, 7);
    checkWeights(weights, untied);
    const deviation = (name: string): number => {
      const { data } = weights[name]!;
      const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
      return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    };
    expect(Math.abs(deviation("lm_head.weight") / 0.02 - 1)).toBeLessThan(0.06);
    expect(Math.abs(deviation("model.layers.0.mlp.gate_proj.weight") / 0.02 - 1)).toBeLessThan(0.06);
    expect(Math.abs(deviation("model.layers.1.mlp.down_proj.weight") / 0.01 - 1)).toBeLessThan(0.06);
    expect(new Set(weights["model.norm.weight"]!.data)).toEqual(new Set([1]));
    expect(initialParameters(untied, 7)).toEqual(weights);
    expect(initialParameters(untied, 8)["lm_head.weight"]).not.toEqual(weights["lm_head.weight"]);
    // One tensor's stream does not depend on which others exist.
    expect(initialParameters(config, 7)["model.layers.0.self_attn.q_proj.weight"]).toEqual(
      weights["model.layers.0.self_attn.q_proj.weight"],
    );
  });

  it("are checked against the configuration", () => {
    const weights = initialParameters(config, 1);
    const { "model.norm.weight": norm, ...lacking } = weights;
    expect(() => checkWeights(lacking, config)).toThrow(/lack model\.norm\.weight/);
    expect(() => checkWeights({ ...weights, extra: norm! }, config)).toThrow(/hold extra/);
    const wrong = { ...weights, "model.norm.weight": { shape: [31], data: new Float32Array(31) } };
    expect(() => checkWeights(wrong, config)).toThrow(/\[31\].*\[32\]/);
  });
});
