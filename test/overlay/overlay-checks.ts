export * from '../../src/testing/overlay-checks.js'
