let count = 0

module.exports = {
  add() {
    count++
  },
  next: ({ value }) => value + 1,
  echo: (text) => text,
  count: () => count,
  forget() {
    count = 0
  },
}
