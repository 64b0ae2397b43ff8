/** The object store in the browser's IndexedDB: survives reloads, shared by the tabs and workers of a site. */
export { type IndexeddbStorageOptions, indexeddbStorage } from './indexeddb-storage'
