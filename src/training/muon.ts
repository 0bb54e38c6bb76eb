// Muon as graph (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): what a matrix is moved by is
// its momentum with the singular values made alike, so that no direction is learned at the expense of the others. Sizes as in Liu et al. 2025 ("Muon is
// scalable for LLM training", 2.2), so that AdamW's learning rate and decay fit; numbers as in torch.optim.Muon with
// adjust_lr_fn "match_rms_adamw", computed in single precision throughout.

import {
  add,
  divide,
  matmul,
  maximum,
  multiply,
  type Shape,
  scalar,
  squareRoot,
  sumOfSquares,
  type Tensor,
  transpose,
} from "../engine/index.ts";

/** Momentum, in Nesterov's form. */
const momentumShare = 0.95;

/** Root mean square of AdamW's moves, which Muon's are scaled to (Liu et al. 2025, equation 4). */
const adamWSize = 0.2;

/** Coefficients of the quintic iteration, and how often it is applied. */
const quintic = { linear: 3.4445, cubic: -4.775, fifth: 2.0315, rounds: 5 } as const;

/**
 * A matrix [rows, columns] with its singular values brought near 1 (between about 0.7 and 1.2): Newton and Schulz's
 * iteration on the matrix divided by its norm.
 */
export const orthogonalise = (matrix: Tensor): Tensor => {
  const [rows, columns] = matrix.shape as [number, number];
  const turned = rows > columns;
  const upright = turned ? transpose(matrix, [1, 0]) : matrix;
  let x = divide(upright, maximum(squareRoot(sumOfSquares(upright)), scalar(1e-7)));
  for (let round = 0; round < quintic.rounds; round++) {
    const gram = matmul(x, x, { transposeB: true });
    const product = add(multiply(gram, scalar(quintic.cubic)), matmul(gram, gram, { alpha: quintic.fifth }));
    x = add(multiply(x, scalar(quintic.linear)), matmul(product, x));
  }
  return turned ? transpose(x, [1, 0]) : x;
};

/** Operations of the products that a step makes for matrices of these shapes [rows, columns], two a multiply-add. */
export const muonOperations = (shapes: readonly Shape[]): number =>
  shapes.reduce((sum, [rows, columns]) => {
    const [small, large] = [Math.min(rows!, columns!), Math.max(rows!, columns!)];
    return sum + quintic.rounds * 2 * small * small * (2 * large + small);
  }, 0);

/**
 * From a matrix's gradient and its momentum so far, both [rows, columns]: what to move it by at a learning rate of 1,
 * and the new momentum. The momentum is kept as a plain decaying sum, momentum / (1 - 0.95): the move is the same.
 */
export const muonUpdate = (
  slope: Tensor,
  before: Tensor,
): { readonly move: Tensor; readonly momentum: Tensor } => {
  const momentum = add(multiply(before, scalar(momentumShare)), slope);
  const ahead = add(multiply(momentum, scalar(momentumShare)), slope);
  const size = adamWSize * Math.sqrt(Math.max(...slope.shape));
  return { move: multiply(orthogonalise(ahead), scalar(size)), momentum };
};
