/** The model registry: immutable versions, movable aliases, gates, history. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type Emitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import { anything, checkOptions, ofType } from '../core/options'
import { throwIfAborted } from '../core/signal'
import { assertUsage } from '../core/usage'
import type { ModelPackage, ModelSource, PackableModel, ResolvedModel } from '../ports/model'
import type { ObjectStore } from '../ports/object-store'
import { objectStoreRule, registryBackendRule } from '../ports/port-rules'
import type { ModelVersionRecord, RegisteredModelRecord, RegistryBackend, RegistryEvent } from '../ports/registry-backend'
import { locate, versionNotFound, versionOfAlias, versionText } from './find-version'
import { evaluateGates, rejected } from './gates'
import { displayVersions, type ModelVersion, toModelVersion } from './model-version'
import { readAll } from './object-store/stored-records'
import { objectStoreBackend } from './object-store-backend'
import type { OnnxExporter } from './onnx-export'
import { assertAlias, assertModelName, parseReference } from './reference'
import type { Registration } from './registration'
import type { AliasMove, ModelRegistryOptions, PromoteOptions, RegistryEvents, RollbackOptions, VersionReference } from './registry-options'
import { earlierVersions } from './rollback'
import { readManifest, readPackage } from './stored-model'

/**
 * Stores models under names: versions that do not change, and aliases (`champion`, `challenger`) that move between versions.
 *
 * A version can be read after all its files are stored; a crash before that leaves no version. An alias moves by compare-and-set: of two
 * concurrent promotions one succeeds, and the other rejects with `Conflict`. Each move is recorded in the history. Names and aliases are checked.
 *
 * @example
 * const registry = new ModelRegistry({ storage: fsStorage({ root: './mlops' }) })
 * const version = await registry.register('flights', fitted, { metrics: { accuracy: 0.91 } })
 * await registry.promote('flights', version, 'champion', { gates: [metricAtLeast('accuracy', 0.8)] })
 */
export class ModelRegistry implements ModelSource {
  readonly #backend: RegistryBackend
  readonly #clock: Clock
  readonly #user: string | undefined
  readonly #onnxExporter: OnnxExporter | undefined
  readonly #emitter: Emitter<RegistryEvents> = createEmitter()

  /** @throws InvalidArgument for bad options, Unsupported where the storage has no conditional put */
  constructor(options: ModelRegistryOptions) {
    assertUsage('ModelRegistry', options, {
      write: (path) => `new ModelRegistry({ storage: fsStorage({ root: ${path} }) })`,
      text: './mlops',
      renamed: { root: 'storage', path: 'storage' },
    })
    checkOptions('ModelRegistry', options, {
      storage: objectStoreRule(),
      backend: registryBackendRule(),
      clock: anything(),
      onnxExporter: ofType('function'),
      user: { allowed: 'well-formed text', test: (value) => typeof value === 'string' && value !== '' && value.isWellFormed() },
    })
    const { storage, backend } = options
    if ((storage === undefined) === (backend === undefined)) {
      throw invalidArgument('ModelRegistry needs either `storage` or `backend`', {
        hint: "new ModelRegistry({ storage: fsStorage({ root: './mlops' }) })",
      })
    }
    this.#backend = backend ?? objectStoreBackend(storage as ObjectStore)
    this.#clock = options.clock ?? systemClock()
    this.#user = options.user
    this.#onnxExporter = options.onnxExporter
    attachDisplay(this, { text: () => this.toString() })
  }

  /** `ModelRegistry: fsStorage(./mlops)` */
  toString(): string {
    return `ModelRegistry: ${this.#backend.name}`
  }

  /**
   * Stores a model as the next version of `name`, which is created if need be. With `run`, the version is linked to the run. With `onnx`, the version
   * also holds the model as an ONNX file, which Python's MLflow loads and serves.
   *
   * @param model a fitted model, or a package
   * @throws InvalidArgument for a wrong name, option or package; the storage's errors. After an abort or an error there is no new version
   */
  async register(name: string, model: PackableModel | ModelPackage, options: Registration = {}): Promise<ModelVersion> {
    assertModelName(name)
    // Loaded here: a program that only opens models does not need it.
    const { registrationInit } = await import('./registration')
    const { init, manifest } = await registrationInit(model, options, {
      at: this.#clock.now(),
      user: this.#user,
      onnxExporter: this.#onnxExporter,
    })
    this.#backend.assertTakes?.({ tagKeys: Object.keys(init.tags), paths: manifest.files.map(({ path }) => path) })
    throwIfAborted(options.signal)
    await this.#backend.ensureModel(name, { createdAt: init.createdAt })
    const record = await this.#backend.createVersion(name, init, { signal: options.signal })
    // The version exists. If a failed event failed the call, the caller would register the model again.
    await this.#note({ kind: 'version-registered', model: name, version: record.version }).catch((error) =>
      this.#emitter.emit('error', error),
    )
    const version = toModelVersion(record, manifest, [])
    this.#emitter.emit('version-registered', { version })
    return version
  }

  /**
   * Moves an alias to a version, if all gates pass.
   *
   * @throws InvalidState when a gate fails: `details.verdicts` lists for each gate what it required and what was measured. The alias does not
   * move, and the refusal is recorded in the history. Conflict when another caller moved the alias meanwhile, or when it does not point to `expected`
   */
  async promote(name: string, version: VersionReference, alias: string, options: PromoteOptions = {}): Promise<ModelVersion> {
    assertAlias(alias)
    checkOptions('promote', options, {
      gates: {
        allowed: 'an array of functions',
        test: (value) => Array.isArray(value) && value.every((gate) => typeof gate === 'function'),
      },
      approve: ofType('function'),
      expected: anything(),
      reason: ofType('string'),
      by: ofType('string'),
      signal: anything(),
    })
    const candidate = await this.getVersion(name, version)
    const actual = await this.#backend.getAlias(name, alias)
    const from = options.expected === undefined ? actual : options.expected === null ? undefined : versionText(options.expected)
    const at = async (other: string): Promise<ModelVersion | undefined> => {
      const target = other === alias ? from : await this.#backend.getAlias(name, other)
      if (target === undefined) return undefined
      return this.getVersion(name, target).catch((error) => {
        // Another tool deleted the current version. There is then nothing to compare with.
        if (!isMillwrightError(error, 'NotFound')) throw error
        return undefined
      })
    }
    const { signal, reason, by = this.#user } = options
    const current = await at(alias)
    const verdicts = await evaluateGates(options.gates ?? [], { alias, candidate, current, versionAt: at, signal })
    if (options.approve !== undefined && verdicts.every(({ passed }) => passed)) {
      const { askApproval } = await import('./approval')
      verdicts.push(await askApproval(options.approve, { alias, candidate, current, verdicts: [...verdicts], reason, by }, signal))
    }
    const facts = { model: name, alias, version: candidate.version, from, reason: options.reason, by: options.by, verdicts }
    if (verdicts.some(({ passed }) => !passed)) {
      const event = await this.#note({ kind: 'promotion-rejected', ...facts })
      this.#emitter.emit('promotion-rejected', { ...event, verdicts })
      throw rejected(candidate, alias, verdicts)
    }
    throwIfAborted(options.signal)
    return this.#move({ ...facts, version: candidate.version, how: 'promote' })
  }

  /**
   * Moves an alias back to the version that it pointed to before. A second call goes back one version further.
   *
   * @throws NotFound when the alias does not exist, InvalidState when there is no earlier version, Conflict when another caller moved it meanwhile
   */
  async rollback(name: string, alias: string, options: RollbackOptions = {}): Promise<ModelVersion> {
    checkOptions('rollback', options, { to: anything(), reason: ofType('string'), by: ofType('string') })
    const from = await versionOfAlias(this.#backend, name, alias)
    let to = options.to === undefined ? undefined : versionText(options.to)
    for (const earlier of to === undefined ? earlierVersions(await this.#backend.listEvents(name), alias, from) : []) {
      if (earlier === from || (await this.#backend.getVersion(name, earlier)) === undefined) continue
      to = earlier
      break
    }
    if (to === undefined)
      throw new MillwrightError('InvalidState', `${alias} of ${show(name)} has no earlier version than ${from} to go back to`)
    await this.getVersion(name, to)
    return this.#move({ model: name, alias, version: to, from, how: 'rollback', reason: options.reason, by: options.by })
  }

  /** Points an alias to a version without gates. @throws NotFound, Conflict when another caller moved it meanwhile */
  async setAlias(name: string, alias: string, version: VersionReference): Promise<ModelVersion> {
    assertAlias(alias)
    const target = await this.getVersion(name, version)
    return this.#move({ model: name, alias, version: target.version, from: await this.#backend.getAlias(name, alias), how: 'set' })
  }

  /** Deletes an alias, if it exists. */
  async deleteAlias(name: string, alias: string): Promise<void> {
    assertModelName(name)
    assertAlias(alias)
    const from = await this.#backend.getAlias(name, alias)
    if (from === undefined) return
    await this.#backend.deleteAlias(name, alias)
    await this.#note({ kind: 'alias-deleted', model: name, alias, from })
  }

  /** One version. @throws NotFound; the message lists the existing versions */
  async getVersion(name: string, version: VersionReference): Promise<ModelVersion> {
    assertModelName(name)
    const number = versionText(version)
    const [record, model] = await Promise.all([this.#backend.getVersion(name, number), this.#backend.getModel(name)])
    if (record === undefined) throw await versionNotFound(this.#backend, name, `version ${number}`)
    const aliases = Object.keys(model?.aliases ?? {}).filter((alias) => model?.aliases[alias] === number)
    return toModelVersion(record, await readManifest(this.#backend, record), aliases)
  }

  /** The version that `name@alias`, `name@3` or `name` (the latest) resolves to. @throws NotFound; the message lists what exists */
  async resolve(reference: string): Promise<ModelVersion> {
    const { name, version } = await locate(this.#backend, reference)
    return this.getVersion(name, version)
  }

  /**
   * Opens the model of a reference. Its files are checked against the digests from the registration.
   *
   * @throws NotFound, Corrupt naming the file that is missing or differs
   */
  async openModel(reference: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<ResolvedModel> {
    throwIfAborted(options.signal)
    const record = await locate(this.#backend, reference)
    const { firstExample } = await import('./stored-example')
    const [files, example] = await Promise.all([
      readPackage(this.#backend, record, options.signal),
      firstExample(this.#backend, record, options.signal),
    ])
    return { name: record.name, version: record.version, package: files, ...(example === undefined ? {} : { example }) }
  }

  /** The bytes of one file of a version (`MLmodel`, `input_example.json`, …), without a check of its digest. @throws NotFound */
  async readFile(reference: string, path: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Uint8Array> {
    assertSafeKey(path, 'a file name of a model')
    return this.#backend.readFile(await locate(this.#backend, reference), path, options)
  }

  /** All models with their aliases, ascending by name. A damaged record is left out and reported through the event `error`. */
  async listModels(): Promise<readonly RegisteredModelRecord[]> {
    return this.#backend.listModels(undefined, (error) => this.#report(error))
  }

  /**
   * All versions of a model, ascending. A damaged record or manifest is left out and reported through the event `error`.
   *
   * @throws NotFound when there is no such model
   */
  async listVersions(name: string): Promise<readonly ModelVersion[]> {
    assertModelName(name)
    const onDamaged = (error: unknown): void => this.#report(error)
    const [model, records] = await Promise.all([this.#backend.getModel(name), this.#backend.listVersions(name, onDamaged)])
    if (model === undefined) throw await versionNotFound(this.#backend, name, 'versions')
    const read = async (record: ModelVersionRecord): Promise<ModelVersion> => {
      const aliases = Object.keys(model.aliases).filter((alias) => model.aliases[alias] === record.version)
      return toModelVersion(record, await readManifest(this.#backend, record), aliases)
    }
    return displayVersions(await readAll(records, read, onDamaged))
  }

  /** The events of a model, oldest first. */
  async history(name: string): Promise<readonly RegistryEvent[]> {
    assertModelName(name)
    return this.#backend.listEvents(name)
  }

  /** Sets tags (`null` removes one) of a version (`name@alias`, `name@3`) or of the model (`name`). */
  async setTags(reference: string, tags: Readonly<Record<string, string | null>>): Promise<void> {
    const { checkTags } = await import('./tags')
    checkTags(tags)
    await this.#update(reference, { tags })
  }

  /** Sets the description of a version (`name@alias`, `name@3`) or of the model (`name`). */
  async describe(reference: string, description: string): Promise<void> {
    const { checkDescription } = await import('./tags')
    checkDescription(description)
    await this.#update(reference, { description })
  }

  /**
   * Deletes a version. Its number is not used again.
   *
   * @param options `removeFiles` (default false) also removes the model's files
   * @throws InvalidState while an alias points to it
   */
  async deleteVersion(
    name: string,
    version: VersionReference,
    options: { readonly removeFiles?: boolean | undefined } = {},
  ): Promise<void> {
    checkOptions('deleteVersion', options, { removeFiles: ofType('boolean') })
    const target = await this.getVersion(name, version)
    await this.#backend.deleteVersion(name, target.version, { at: this.#clock.now(), removeFiles: options.removeFiles ?? false })
    await this.#note({ kind: 'version-deleted', model: name, version: target.version })
  }

  /** Adds a listener for an event of this object. The returned function removes it. */
  on<K extends keyof RegistryEvents>(type: K, listener: (event: RegistryEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#emitter.on(type, listener, options)
  }

  /** Releases the backend (and with it the storage). Idempotent. */
  async close(): Promise<void> {
    await this.#backend.close()
  }

  /** Reports damage through the event `error`, or on the console where there is no listener. */
  #report(error: unknown): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error)
    else console.warn(`millwright registry: ${error instanceof Error ? error.message : show(error)}`)
  }

  async #move(move: AliasMove): Promise<ModelVersion> {
    const { model, alias, version, from } = move
    const stays = from === version && (await this.#backend.getAlias(model, alias)) === version
    if (!stays) await this.#backend.moveAlias(model, alias, version, from)
    // When an earlier call moved the alias but could not write the event, this call writes it.
    const isMove = (event: RegistryEvent): boolean => event.kind === 'alias-moved' && event.alias === alias
    const noted = stays ? await this.#lastEvent(model, isMove) : undefined
    if (!stays || noted?.version !== version) {
      const event = this.#note({ kind: 'alias-moved', ...move, from: stays ? noted?.version : from })
      this.#emitter.emit(
        'alias-moved',
        await event.catch(async (error) => Promise.reject((await import('./unrecorded-move')).unrecordedMove(move, error))),
      )
    }
    return this.getVersion(model, version)
  }

  async #lastEvent(name: string, isMeant: (event: RegistryEvent) => boolean): Promise<RegistryEvent | undefined> {
    const backend = this.#backend
    return backend.findLastEvent === undefined ? (await backend.listEvents(name)).findLast(isMeant) : backend.findLastEvent(name, isMeant)
  }

  async #note(event: Omit<RegistryEvent, 'at'>): Promise<RegistryEvent> {
    const whole = { ...event, by: event.by ?? this.#user, at: this.#clock.now() }
    await this.#backend.appendEvent(whole)
    return whole
  }

  async #update(
    reference: string,
    change: { readonly tags?: Readonly<Record<string, string | null>>; readonly description?: string },
  ): Promise<void> {
    const { name, alias, version } = parseReference(reference)
    const { tags = {} } = change
    this.#backend.assertTakes?.({ tagKeys: Object.keys(tags).filter((key) => tags[key] !== null) })
    const whole = { ...change, updatedAt: this.#clock.now() }
    const target = alias === undefined ? version : await versionOfAlias(this.#backend, name, alias)
    if (target === undefined) await this.#backend.updateModel(name, whole)
    else await this.#backend.updateVersion(name, target, whole)
  }
}
