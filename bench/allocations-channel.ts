/** The channel over which the measured worker is asked for its count. */
export const ALLOCATIONS = 'octoload-allocations'
