export * from '../../src/testing/core-network.js'
