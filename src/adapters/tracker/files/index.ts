/** `millwright/tracker/files`: runs as files in MLflow's `mlruns` layout, on any object store. */
export { type FilesTrackerOptions, filesTracker } from './files-tracker'
