// Who may import whom in src/, as docs/architecture.md draws it. Read by check-layers.ts.

/** Folders and files of src/ that each folder may import, besides its own. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  http1: ['base'],
  seams: ['base'],
  shared: ['base'],
  router: ['base'],
  picking: ['seams', 'base'],
  strategies: ['picking', 'seams', 'base'],
  health: ['seams', 'base'],
  'registry.ts': ['strategies', 'health', 'seams'],
  config: ['registry.ts', 'seams', 'base'],
  plan: ['config', 'registry.ts', 'router', 'seams', 'base'],
  balance: ['plan', 'picking', 'shared', 'seams', 'base'],
  proxy: ['balance', 'plan', 'router', 'http1', 'shared', 'seams', 'base'],
  observe: ['shared', 'base'],
  worker: ['balance', 'plan', 'proxy', 'shared', 'observe', 'seams', 'base'],
  control: ['balance', 'config', 'plan', 'shared', 'observe', 'registry.ts', 'seams', 'base', 'worker/messages.ts'],
  demo: ['base'],
  lab: ['balance', 'plan', 'config', 'registry.ts', 'shared', 'seams', 'base'],
  'index.ts': ['control', 'config', 'observe', 'seams'],
  cli: ['control', 'config', 'observe', 'registry.ts', 'demo', 'lab', 'seams', 'base'],
}

/** Where types, but no code, may come from in addition: the data that travels through all layers, and the contracts. */
export const TYPE_LAYERS: Readonly<Record<string, readonly string[]>> = {
  seams: ['config/config.ts'],
  shared: ['seams'],
  router: ['config/config.ts'],
  strategies: ['config/config.ts'],
  health: ['config/config.ts'],
  balance: ['config/config.ts'],
  proxy: ['config/config.ts'],
  observe: ['config/config.ts', 'seams'],
  worker: ['config/config.ts'],
  demo: ['config/config.ts'],
  'index.ts': ['plan', 'shared'],
}

/** Packages that a folder may import, besides what comes with Node. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  config: ['zod', 'jsonc-parser'],
}

/** Names under which things that belong nowhere gather. */
export const NO_FOLDERS = ['utils', 'util', 'helpers', 'common', 'core', 'misc', 'lib']

/** The folder that alone touches memory of several threads. Others may name the types, to pass buffers on. */
export const SHARED_MEMORY = 'shared'
