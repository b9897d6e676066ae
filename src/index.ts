/** Everything public, in one import. The sub-paths (`sluice-audio/audio`, …) load less. */
export * from './audio/index.js';
export * from './batch/index.js';
export * from './errors.js';
export * from './format.js';
export * from './gradium/index.js';
export * from './sandbox/index.js';
