// The seed of a test run: `SEED=123 npm test` repeats one; every test that draws random numbers prints it.

export const SEED = process.env.SEED === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(process.env.SEED)
