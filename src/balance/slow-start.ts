// A server that has just come up gets less than its weight for a while, so that caches can fill and code can warm up.
// The curve is Envoy's: max(least, (time / window) ^ (1 / aggression)); aggression 1 is a straight line, as in HAProxy.

import type { SlowStart } from '../config/config.ts'

/** Weights move in steps of 1 / STEPS, so that pickers are not made anew all the time. */
export const WEIGHT_STEPS = 20

/** The share of its weight, 0 to 1, that a server gets `millis` after it came up. */
export function slowStartShare({ window, min_weight, aggression }: SlowStart, millis: number): number {
  if (millis >= window) return 1
  return Math.max(min_weight, (Math.max(0, millis) / window) ** (1 / aggression))
}

/** A weight in steps: the whole number nearest to `weight` × `share` × WEIGHT_STEPS, and at least 1. */
export function weightInSteps(weight: number, share: number): number {
  return Math.max(1, Math.round(share * WEIGHT_STEPS) * weight)
}
