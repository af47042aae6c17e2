/** The rules of Connect Four: seven columns, six rows, four in a line wins. Red begins. Pure. */
export const COLUMNS = 7
export const ROWS = 6

export type Side = 'red' | 'yellow'
export type Outcome = Side | 'draw'

export class Board {
  /** Bottom to top, one list of stones a column. */
  readonly #columns: Side[][] = Array.from({ length: COLUMNS }, () => [])
  #moves = 0
  #outcome: Outcome | undefined

  get moves(): number {
    return this.#moves
  }

  get turn(): Side {
    return this.#moves % 2 === 0 ? 'red' : 'yellow'
  }

  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** Columns that still take a stone. */
  open(): number[] {
    return this.#columns.flatMap((column, at) => (column.length < ROWS ? [at] : []))
  }

  /** Drops a stone of the side whose turn it is. @throws RangeError for a move against the rules */
  drop(column: number): void {
    const stones = this.#columns[column]
    if (this.#outcome) throw new RangeError(`move ${this.#moves}: the game is over`)
    if (!stones) throw new RangeError(`move ${this.#moves}: there is no column ${column}`)
    if (stones.length === ROWS)
      throw new RangeError(`move ${this.#moves}: column ${column} is full`)
    const side = this.turn
    stones.push(side)
    this.#moves++
    if (this.#wins(column, stones.length - 1, side)) this.#outcome = side
    else if (this.#moves === COLUMNS * ROWS) this.#outcome = 'draw'
  }

  /** A copy on which to try a move. */
  copy(): Board {
    const copy = new Board()
    this.#columns.forEach((stones, at) => {
      copy.#columns[at] = [...stones]
    })
    copy.#moves = this.#moves
    copy.#outcome = this.#outcome
    return copy
  }

  #wins(column: number, row: number, side: Side): boolean {
    const run = (dx: number, dy: number): number => {
      let length = 0
      while (this.#columns[column + (length + 1) * dx]?.[row + (length + 1) * dy] === side) length++
      return length
    }
    return (
      run(0, -1) >= 3 ||
      run(1, 0) + run(-1, 0) >= 3 ||
      run(1, 1) + run(-1, -1) >= 3 ||
      run(1, -1) + run(-1, 1) >= 3
    )
  }
}
