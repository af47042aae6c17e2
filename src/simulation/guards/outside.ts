import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import threads from 'node:worker_threads'
import zlib from 'node:zlib'
import { guarded, guardedClass } from './guard.js'
import type { GuardKind } from './slot.js'

type Functions = Record<string, (...args: never[]) => unknown>
type Classes = Record<string, new (...args: never[]) => object>

/** Forbids functions of a module or an object; those this Node does not have are passed over. */
function forbid(kind: GuardKind, of: string, holder: object, names: readonly string[]): void {
  const functions = holder as Functions
  for (const name of names) {
    const real = functions[name]
    if (typeof real !== 'function') continue
    const descriptor = Object.getOwnPropertyDescriptor(functions, name)
    const value = guarded(kind, `${of}${name}`, real)
    Object.defineProperty(functions, name, {
      configurable: true,
      enumerable: true,
      ...descriptor,
      value,
    })
  }
}

function forbidClasses(kind: GuardKind, holder: object, names: readonly string[]): void {
  const classes = holder as Classes
  for (const name of names) {
    const real = classes[name]
    if (typeof real !== 'function') continue
    const value = guardedClass(kind, `new ${name}`, real)
    Object.defineProperty(classes, name, { value, configurable: true, writable: true })
  }
}

const functionsOf = (module: object): string[] =>
  Object.entries(module).flatMap(([name, value]) =>
    typeof value === 'function' && /^[a-z]/.test(name) ? [name] : [],
  )

/** What is not there in a simulation: a use of it by a simulated node is an error. */
export function guardOutside(): void {
  forbid('network', '', globalThis, ['fetch'])
  forbidClasses('network', globalThis, ['WebSocket', 'EventSource'])
  forbid('network', 'net.', net, ['connect', 'createConnection', 'createServer'])
  forbid('network', 'net.Socket.', net.Socket.prototype, ['connect'])
  forbid('network', 'tls.', tls, ['connect', 'createServer'])
  forbid('network', 'http.', http, ['request', 'get', 'createServer'])
  forbid('network', 'https.', https, ['request', 'get', 'createServer'])
  forbid('network', 'http2.', http2, ['connect', 'createServer', 'createSecureServer'])
  forbid('network', 'dgram.', dgram, ['createSocket'])
  const lookups = (module: object) =>
    functionsOf(module).filter((name) => /^(lookup|resolve|reverse)/.test(name))
  forbid('network', 'dns.', dns, lookups(dns))
  forbid('network', 'dns.promises.', dns.promises, lookups(dns.promises))

  const files = functionsOf(fs).filter((name) => !name.endsWith('Sync'))
  forbid('files', 'fs.', fs, files)
  forbid('files', 'fs.promises.', fs.promises, functionsOf(fs.promises))

  forbid('threads', 'child_process.', childProcess, ['spawn', 'exec', 'execFile', 'fork'])
  forbid('threads', 'Atomics.', Atomics, ['waitAsync'])
  forbidClasses('threads', threads, ['Worker', 'MessageChannel', 'BroadcastChannel'])
  forbidClasses('threads', globalThis, ['MessageChannel', 'BroadcastChannel'])

  const zips = functionsOf(zlib).filter((name) => !/Sync$|^create|^crc32$/.test(name))
  forbid('pool', 'zlib.', zlib, zips)
  const ciphers = [
    'pbkdf2',
    'scrypt',
    'hkdf',
    'generateKey',
    'generateKeyPair',
    'generatePrime',
    'checkPrime',
  ]
  forbid('pool', 'crypto.', crypto, ciphers)
  const subtle = Object.getPrototypeOf(globalThis.crypto.subtle) as object
  const operations = Object.getOwnPropertyNames(subtle).filter((name) => name !== 'constructor')
  forbid('pool', 'crypto.subtle.', subtle, operations)
  forbidClasses('pool', globalThis, ['CompressionStream', 'DecompressionStream'])
  const wasm = (globalThis as unknown as { WebAssembly: object }).WebAssembly
  forbid('pool', 'WebAssembly.', wasm, [
    'compile',
    'instantiate',
    'compileStreaming',
    'instantiateStreaming',
  ])
}
