/** The shape of the configuration file that teams keep beside their code. Keys are in snake_case, as in the file. */

/** Where data lies and how it is divided. */
export interface DataConfig {
  /** Folder or file of the data as it arrives. @default 'data/raw/' */
  readonly raw_data_path: string
  /** Folder of the data made ready for training. @default 'data/processed/' */
  readonly processed_data_path: string
  /** Share of the rows to train on, between 0 and 1 (both excluded). @default 0.8 */
  readonly train_test_split: number
}

/** What is trained. */
export interface ModelConfig {
  /** Name of the learner, in snake_case. @default 'random_forest' */
  readonly algorithm: string
  /**
   * Settings of the learner. Given ones replace the defaults as a whole; a learner other than `random_forest` has none by default.
   * @default { n_estimators: 100, max_depth: 10, random_state: 42 }
   */
  readonly hyperparameters: Readonly<Record<string, unknown>>
}

/** How it is trained and when that was good enough. */
export interface TrainingConfig {
  /** Folds of cross-validation, 2 to 100. @default 5 */
  readonly cv_folds: number
  /** Name of the metric that decides. @default 'accuracy' */
  readonly scoring_metric: string
  /** Least score that passes the gate, 0 to 1. @default 0.8 */
  readonly min_accuracy_threshold: number
}

/** Where it is served. */
export interface DeploymentConfig {
  /** Address to listen on. @default '0.0.0.0' */
  readonly api_host: string
  /** Port to listen on; 0 takes any free one. @default 8000 */
  readonly api_port: number
  /** Folder of models. @default 'models/' */
  readonly model_path: string
}

/** How it is watched. */
export interface MonitoringConfig {
  /** Drift score above which a column has drifted, > 0. @default 0.25 */
  readonly drift_threshold: number
  /** Live performance below which retraining starts, 0 to 1. @default 0.8 */
  readonly performance_threshold: number
  /** Hours between checks, > 0, at most 8,760. @default 24 */
  readonly check_interval_hours: number
}

/** A whole configuration: every key is present. Frozen. */
export interface Config {
  readonly data: DataConfig
  readonly model: ModelConfig
  readonly training: TrainingConfig
  readonly deployment: DeploymentConfig
  readonly monitoring: MonitoringConfig
}
