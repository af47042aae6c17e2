/** The links that do not carry the messages of a tree; all others do. */
export class Tree {
  /** '' for the shared tree. */
  readonly root: string
  readonly lazy: Set<string>
  usedAt = 0

  constructor(root: string, lazy: Iterable<string> = []) {
    this.root = root
    this.lazy = new Set(lazy)
  }
}

/**
 * The trees a node is part of: one for each sender of its own, and one that all others share. A tree is
 * its lazy links, so a new neighbour belongs to every tree at once, as an eager link, and changes none.
 * A new tree begins as a copy of the shared one, so that it costs no flood.
 */
export class Trees {
  readonly shared = new Tree('')
  readonly #max: number
  readonly #own = new Map<string, Tree>()
  #now = 0

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#own.size
  }

  values(): IterableIterator<Tree> {
    return this.#own.values()
  }

  /** The tree for messages of that root; the shared one for '' and where there is no room. */
  of(root: string): Tree {
    if (root === '') return this.shared
    let tree = this.#own.get(root)
    if (tree === undefined) {
      if (this.#own.size >= this.#max && !this.#dropIdle()) return this.shared
      tree = new Tree(root, this.shared.lazy)
      this.#own.set(root, tree)
    }
    tree.usedAt = this.#now
    return tree
  }

  /** As `of`, but for what is said about a tree: that makes none. */
  known(root: string): Tree {
    return this.#own.get(root) ?? this.shared
  }

  forgetPeer(peer: string): void {
    this.shared.lazy.delete(peer)
    for (const tree of this.#own.values()) tree.lazy.delete(peer)
  }

  /** An age has passed. */
  tick(): void {
    this.#now++
  }

  /** Makes room in place of the tree that was not used for longest; not of one in use. */
  #dropIdle(): boolean {
    let idlest: Tree | undefined
    for (const tree of this.#own.values()) {
      if (idlest === undefined || tree.usedAt < idlest.usedAt) idlest = tree
    }
    if (idlest === undefined || idlest.usedAt >= this.#now - 1) return false
    return this.#own.delete(idlest.root)
  }
}
