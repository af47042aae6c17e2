// The shapes of the Savina suite (Imam and Sarkar, AGERE'14) that actors of one node run, for any
// library. A library is
//   spawn(handle)       an actor, or a promise of one; handle(message) returns the answer to an ask
//   tell(actor, message)
//   ask(actor, message) a promise of the answer
//   askLoops(actor, inFlight)  instead of `ask`, where its users would not wait by promises
//   settle(actor)       a promise that it can be reached, where that is later than `spawn`
//   spawnMax            actors that `spawn` makes in one round
// The actors answer to an ask with what their handler returned.
import { deferred, loops, timed, turn, usedBytes } from './harness.mjs'

const TELL_ACTORS = 100
const TELL_BURST = 10_000
const RING_ACTORS = 100
const FORKS = 60
const BIG_ACTORS = 120

export function localRows(library) {
  return {
    tell: { run: bursts(library), least: 1, unit: TELL_BURST },
    spawn: spawns(library),
    'ping-pong': { run: pingPong(library), unit: 2 },
    ring: { run: ring(library) },
    'fork-join': { run: forkJoin(library), least: 100, unit: FORKS },
    big: { run: big(library), least: 10, unit: 2 * BIG_ACTORS },
    ask: { run: asks(library, 1) },
    'ask-1000': { run: asks(library, 1_000) },
  }
}

/** Bursts of 10,000 messages to 100 actors, each burst handled before the next. */
const bursts = ({ spawn, tell, settle }) => {
  let handled = 0
  let due = 0
  let done
  const actors = []
  const make = () =>
    spawn((message) => {
      handled += message.by
      if (handled === due) done.resolve()
    })
  return async (count) => {
    while (actors.length < TELL_ACTORS) {
      actors.push(await make())
      await settle?.(actors.at(-1))
    }
    return timed(async () => {
      for (let burst = 0; burst < count; burst++) {
        due = handled + TELL_BURST
        done = deferred()
        for (let i = 0; i < TELL_BURST; i++) tell(actors[i % TELL_ACTORS], { by: 1 })
        await done.promise
        await turn()
      }
    })
  }
}

const asks = ({ spawn, ask, askLoops, settle }, inFlight) => {
  let total = 0
  let actor
  return async (count) => {
    if (actor === undefined) {
      actor = await spawn((message) => {
        total += message.by
        return total
      })
      await settle?.(actor)
    }
    if (askLoops !== undefined) return askLoops(actor, inFlight)(count)
    return loops(() => ask(actor, { by: 1 }), inFlight)(count)
  }
}

const spawns = ({ spawn, settle, spawnMax = 100_000 }) => {
  let bytesPerActor
  const kept = []
  return {
    least: spawnMax,
    most: spawnMax,
    extra: () => ({ bytesPerActor }),
    run: async (count) => {
      const before = await usedBytes()
      const actors = new Array(count)
      const ms = await timed(async () => {
        for (let i = 0; i < count; i++) {
          const actor = spawn((message) => message.by)
          actors[i] = typeof actor?.then === 'function' ? await actor : actor
        }
        await settle?.(actors.at(-1))
      })
      bytesPerActor = Math.round(((await usedBytes()) - before) / count)
      kept.push(actors)
      return ms
    },
  }
}

const pingPong = ({ spawn, tell }) => {
  let left = 0
  let done
  let ping
  let pong
  return async (count) => {
    pong ??= await spawn((message) => tell(ping, message))
    ping ??= await spawn((message) => {
      if (--left === 0) done.resolve()
      else tell(pong, message)
    })
    left = count
    done = deferred()
    return timed(() => {
      tell(pong, { by: 1 })
      return done.promise
    })
  }
}

const ring = ({ spawn, tell }) => {
  const actors = []
  let done
  return async (count) => {
    for (let i = actors.length; i < RING_ACTORS; i++) {
      const next = (i + 1) % RING_ACTORS
      actors.push(
        await spawn(({ left }) => {
          if (left === 0) done.resolve()
          else tell(actors[next], { left: left - 1 })
        }),
      )
    }
    done = deferred()
    return timed(() => {
      tell(actors[0], { left: count })
      return done.promise
    })
  }
}

/** One sender, 60 actors, as many messages to each; a little arithmetic a message. */
const forkJoin = ({ spawn, tell }) => {
  const actors = []
  let left = 0
  let done
  return async (count) => {
    while (actors.length < FORKS) {
      actors.push(
        await spawn(({ x }) => {
          Math.sin(x) * Math.sin(x)
          if (--left === 0) done.resolve()
        }),
      )
    }
    left = FORKS * count
    done = deferred()
    return timed(() => {
      for (let i = 0; i < count; i++) for (const actor of actors) tell(actor, { x: i })
      return done.promise
    })
  }
}

/** 120 actors: each pings a random other, waits for its pong, and again, so many times. */
const big = ({ spawn, tell }) => {
  const actors = []
  let pings = 0
  let finished = 0
  let done
  const make = (index) => {
    let sent = 0
    let seed = index * 7919 + 1
    const random = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return seed % BIG_ACTORS
    }
    return spawn(({ ping, from, restart }) => {
      if (ping) return void tell(actors[from], { ping: false })
      if (restart) sent = 0
      if (sent++ < pings) tell(actors[random()], { ping: true, from: index })
      else if (++finished === BIG_ACTORS) done.resolve()
    })
  }
  return async (count) => {
    while (actors.length < BIG_ACTORS) actors.push(await make(actors.length))
    pings = count
    finished = 0
    done = deferred()
    return timed(() => {
      for (const actor of actors) tell(actor, { ping: false, restart: true })
      return done.promise
    })
  }
}
