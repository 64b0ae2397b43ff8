const { join } = require('node:path')
const HtmlWebpackPlugin = require('html-webpack-plugin')

const common = { context: __dirname, mode: process.env.NODE_ENV ?? 'production', stats: 'errors-warnings' }
module.exports = (env) =>
  env.server
    ? { ...common, entry: './server.js', target: 'node', output: { path: join(__dirname, 'server-out'), filename: 'server.cjs' } }
    : {
        ...common,
        entry: './page.js',
        output: { path: join(__dirname, 'dist'), publicPath: '/' },
        plugins: [new HtmlWebpackPlugin({ template: './index.webpack.html' })],
        devServer: { static: join(__dirname, 'public'), hot: false, client: false },
        performance: false,
      }
