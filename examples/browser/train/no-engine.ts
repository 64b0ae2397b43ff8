/** In the place of onnxruntime-web where it is not installed; see vite.config.ts. */
export const InferenceSession = undefined
