/** The entry point `troupe/lmdb`: a store for `startNode({ store })`. Needs the package `lmdb`. */
export type { Store } from '../world/store.js'
export { type LmdbStoreOptions, lmdbStore } from './lmdb-store.js'
