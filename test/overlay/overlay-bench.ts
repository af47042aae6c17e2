export * from '../../src/testing/overlay-bench.js'
