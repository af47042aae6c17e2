/** The entry point `troupe/broker`: nodes that talk through a message broker. Needs the package `amqplib`. */
export { broker } from './broker.js'
export type { BrokerOptions } from './broker-options.js'
