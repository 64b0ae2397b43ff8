/** YAML for configuration files and for the files of other tools: a safe subset to read, a conservative style to write. */

export { toYaml } from './yaml-emit'
export { parseYaml, parseYamlStrings } from './yaml-parse'
