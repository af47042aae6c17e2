import type { Arbitrary } from 'fast-check'
import type { Client, Outcome, Plain, Verification } from '../simulation/index.js'

/**
 * Something clients do, and what a model says of it. `M` is the model: a plain value that stands for the state of the
 * whole system. Nothing here may change a model in place.
 */
export interface Command<M, A extends readonly Plain[] = readonly Plain[]> {
  /** Its arguments, plain values, as a tuple: `fc.tuple(fc.constantFrom('x', 'y'), fc.nat(9))`. Default: none. */
  readonly arb?: Arbitrary<A>
  /** How often it is drawn, beside the others. Default 1. */
  readonly weight?: number
  /** The nodes it may be called on. Default: all; with `concurrent` the client's own. */
  readonly on?: readonly string[]
  /** Whether it may be called then: in every model that is possible. What may not is left out. Default: always. */
  pre?(model: M, args: A): boolean
  /**
   * Does it, and says what became of it. Wait for nothing but what the client offers. Default: the scenario's
   * operation of that name, `client.callOn(node, name, ...args)`.
   */
  run?(client: Client, args: A, node: string): Promise<Outcome>
  /** The model after it was done and gave `result`. Default: the same model. */
  next?(model: M, args: A, result: Plain): M
  /** What it must give, where the model says exactly that. */
  expects?(model: M, args: A): Plain
  /** Whether it may give that: false, a text or an error thrown says that it may not. */
  post?(model: M, args: A, result: Plain): Verification
  /**
   * All models that may hold after it was done, where nobody knows what it gave: a timeout, a crash. That it was not
   * done, or is done later, is taken into account anyway. Default: `next` without a result, if it has a `next`.
   */
  unknown?(model: M, args: A): readonly M[]
  /** Whether it may be refused, by a `Refusal`: then nothing was done. Not asked where the node does not run. Default: it may. */
  refused?(model: M, args: A, outcome: Outcome): Verification
}

/** A command whose arguments are its own matter. */
export type AnyCommand<M> = Command<M, readonly Plain[]>
