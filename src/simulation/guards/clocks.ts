import { guarded, hostFor } from './guard.js'
import type { GuardedHost } from './slot.js'

const RealDate = Date

/** The wall clock of the program that runs, or undefined for the real one. */
function wallMs(name: string, below: object): number | undefined {
  return hostFor('clock', name, true, below)?.wallMs()
}

/** `new Date(ms)` and all that a Date can do stay as they are; what is the time now is asked of the host. */
function guardDate(): void {
  const guardedDate: DateConstructor = new Proxy(RealDate, {
    construct(target, args, newTarget) {
      const now = args.length === 0 ? wallMs('new Date()', guardedDate) : undefined
      return Reflect.construct(target, now === undefined ? args : [now], newTarget)
    },
    apply(target, self, args) {
      const now = wallMs('Date()', guardedDate)
      return now === undefined ? Reflect.apply(target, self, args) : new RealDate(now).toString()
    },
  })
  RealDate.now = guarded('clock', 'Date.now', RealDate.now, (host) => host.wallMs())
  Object.defineProperty(RealDate.prototype, 'constructor', { value: guardedDate })
  globalThis.Date = guardedDate
}

/** Without an argument a format shows the time now. */
function guardFormats(): void {
  const { prototype } = Intl.DateTimeFormat
  const format = Object.getOwnPropertyDescriptor(prototype, 'format')
  const read = format?.get
  if (read !== undefined) {
    Object.defineProperty(prototype, 'format', {
      ...format,
      get() {
        const real = read.call(this) as (date?: Date | number) => string
        const bound = (date?: Date | number): string =>
          real(date ?? wallMs('Intl.DateTimeFormat.format', bound))
        return bound
      },
    })
  }
  const toParts = prototype.formatToParts
  const formatToParts: typeof toParts = function formatToParts(this: Intl.DateTimeFormat, date) {
    return toParts.call(this, date ?? wallMs('Intl.DateTimeFormat.formatToParts', formatToParts))
  }
  prototype.formatToParts = formatToParts
}

function guardPerformance(): void {
  const { performance } = globalThis
  const real = performance.now.bind(performance)
  const now = guarded('clock', 'performance.now', real, (host) => host.nowMs())
  Object.defineProperty(performance, 'now', { value: now, configurable: true, writable: true })
  const origin = performance.timeOrigin
  Object.defineProperty(performance, 'timeOrigin', {
    configurable: true,
    get: function timeOrigin() {
      const host = hostFor('clock', 'performance.timeOrigin', true, timeOrigin)
      return host === undefined ? origin : host.wallMs() - Math.floor(host.nowMs())
    },
  })
}

const NANOS = 1_000_000_000

function hrtime(host: GuardedHost, args: unknown[]): [number, number] {
  const now = Math.round(host.nowMs() * 1_000_000)
  const [seconds = 0, nanos = 0] = (args[0] as [number, number] | undefined) ?? []
  const past = now - seconds * NANOS - nanos
  return [Math.floor(past / NANOS), past - Math.floor(past / NANOS) * NANOS]
}

function guardProcess(): void {
  const real = process.hrtime
  const wrapped = guarded('clock', 'process.hrtime', real, hrtime)
  wrapped.bigint = guarded('clock', 'process.hrtime.bigint', real.bigint, (host) =>
    BigInt(Math.round(host.nowMs() * 1000) * 1000),
  )
  process.hrtime = wrapped
  process.uptime = guarded('clock', 'process.uptime', process.uptime, (host) => host.nowMs() / 1000)
}

/** Where this Node has it. */
function guardTemporal(): void {
  const now = (globalThis as { Temporal?: { Now?: Record<string, never> } }).Temporal?.Now
  if (now === undefined) return
  for (const name of Object.getOwnPropertyNames(now)) {
    const real = now[name] as unknown
    if (typeof real !== 'function' || name === 'timeZoneId') continue
    Object.defineProperty(now, name, {
      value: guarded('clock', `Temporal.Now.${name}`, real as () => unknown),
    })
  }
}

export function guardClocks(): void {
  guardDate()
  guardFormats()
  guardPerformance()
  guardProcess()
  guardTemporal()
}
