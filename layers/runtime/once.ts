/** Answers by key, each asked for once: callers that come while it is under way share it, and a failure is forgotten. */
export class Once<V> {
  readonly #answers = new Map<string, Promise<V>>()
  get(key: string, ask: () => Promise<V>): Promise<V> {
    let answer = this.#answers.get(key)
    if (answer === undefined) {
      const asked = answer = ask()
      this.#answers.set(key, asked)
      asked.catch(() => this.forget(key, asked))
    }
    return answer
  }
  /** Forgets this answer: a newer one, which somebody else asked for meanwhile, stays. */
  forget(key: string, answer: Promise<V>): void {
    if (this.#answers.get(key) === answer) this.#answers.delete(key)
  }
}
