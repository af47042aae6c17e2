/** For tests: a share of a search that ends before it has found anything, while another goes on. */
process.once('message', ({ shard }: { readonly shard: { readonly index: number } }) => {
  if (shard.index === 0) process.exit(7)
  setInterval(() => undefined, 1_000)
})
