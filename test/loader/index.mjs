/**
 * How mocha loads TypeScript: from modules that are compiled once, all together. What tsx makes names each closure
 * when it is made and reads what a module exports through getters: simulations take almost twice as long.
 */
import { register } from 'node:module'
import { compiledTree, ROOT } from './tree.mjs'

register('./hooks.mjs', import.meta.url, { data: { root: ROOT, tree: compiledTree() } })

process.setSourceMapsEnabled(true)

// Mocha requires what it could import; what is required passes by these hooks.
Object.defineProperty(process.features, 'require_module', { value: false })
