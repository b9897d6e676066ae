/**
 * Which of many phrases stands at each place of a text: the longest, in time that grows with the lengths alone (Aho and
 * Corasick, 1975).
 * Not here: what a symbol is, and what is done with a phrase that was found (pronunciations.ts).
 */

const NONE = -1;
const ROOT = 0;

/**
 * The phrases are kept, and the text is read, from right to left: the state at a place is then the longest stretch from there
 * on that ends a phrase, and the longest phrase that begins there is known at once. From left to right phrases end at a place
 * in numbers, and would have to be looked at one by one.
 */
export class PhraseFinder {
  /** Of each node its only, or first, way on; `#further` has the others, which only as many nodes as phrases can have. */
  readonly #symbol = [NONE];
  readonly #next = [NONE];
  readonly #further = new Map<number, Map<number, number>>();
  /** The node of the longest shorter stretch from the same place on. */
  readonly #shorter = [ROOT];
  /** The longest phrase of a node. */
  readonly #phrase = [NONE];

  /** @param phrases Symbols from 0. Of two that are alike the first counts; an empty one is never found. */
  constructor(phrases: readonly ArrayLike<number>[]) {
    for (const [i, phrase] of phrases.entries()) this.#add(phrase, i);
    this.#link();
  }

  /** For each place the index of the longest phrase that begins there, or -1. */
  find(symbols: Int32Array): Int32Array {
    const found = new Int32Array(symbols.length);
    let node = ROOT;
    for (let at = symbols.length - 1; at >= 0; at--) {
      node = this.#step(node, symbols[at] as number);
      found[at] = this.#phrase[node] as number;
    }
    return found;
  }

  #add(phrase: ArrayLike<number>, index: number): void {
    let node = ROOT;
    for (let at = phrase.length - 1; at >= 0; at--) {
      const symbol = phrase[at] as number;
      const next = this.#child(node, symbol);
      node = next === NONE ? this.#grow(node, symbol) : next;
    }
    if (node !== ROOT && this.#phrase[node] === NONE) this.#phrase[node] = index;
  }

  #child(node: number, symbol: number): number {
    if (this.#symbol[node] === symbol) return this.#next[node] as number;
    return this.#further.get(node)?.get(symbol) ?? NONE;
  }

  #grow(node: number, symbol: number): number {
    const made = this.#symbol.push(NONE) - 1;
    this.#next.push(NONE);
    this.#shorter.push(ROOT);
    this.#phrase.push(NONE);
    if (this.#symbol[node] === NONE) {
      this.#symbol[node] = symbol;
      this.#next[node] = made;
    } else {
      const further = this.#further.get(node) ?? new Map<number, number>();
      this.#further.set(node, further.set(symbol, made));
    }
    return made;
  }

  /** Level by level, so that what is shorter is always linked. */
  #link(): void {
    const level = [ROOT];
    for (const node of level) {
      for (const [symbol, child] of this.#children(node)) {
        if (node !== ROOT) this.#shorter[child] = this.#step(this.#shorter[node] as number, symbol);
        if (this.#phrase[child] === NONE) {
          this.#phrase[child] = this.#phrase[this.#shorter[child] as number] as number;
        }
        level.push(child);
      }
    }
  }

  *#children(node: number): Iterable<[symbol: number, child: number]> {
    if (this.#symbol[node] !== NONE) yield [this.#symbol[node] as number, this.#next[node] as number];
    yield* this.#further.get(node) ?? [];
  }

  #step(from: number, symbol: number): number {
    let node = from;
    for (;;) {
      const next = this.#child(node, symbol);
      if (next !== NONE) return next;
      if (node === ROOT) return ROOT;
      node = this.#shorter[node] as number;
    }
  }
}
