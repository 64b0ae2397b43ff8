import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import nodeResolve from '@rollup/plugin-node-resolve'

const plugins = (browser) => [nodeResolve({ browser, preferBuiltins: !browser }), commonjs(), json()]
export default [
  { input: 'page.js', output: { dir: 'dist', format: 'es' }, plugins: plugins(true) },
  { input: 'server.js', output: { dir: 'server-out', format: 'es', entryFileNames: '[name].mjs' }, plugins: plugins(false) },
]
