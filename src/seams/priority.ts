// How urgent an exchange is. Where an upstream is full, the urgent ones go first, and the others are refused first.

/** By urgency: the number of a priority is its place here. */
export const PRIORITIES = ['high', 'normal', 'low'] as const
export type PriorityName = (typeof PRIORITIES)[number]

export const HIGH = 0
export const NORMAL = 1
export const LOW = 2
export type Priority = typeof HIGH | typeof NORMAL | typeof LOW
