/** The channel over which the threads of the soak's balancer are asked for their memory. */
export const CHANNEL = 'octoload-soak'
