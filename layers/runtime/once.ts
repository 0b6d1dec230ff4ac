/** Answers by key, each asked for once: callers that come while it is under way share it, and a failure is forgotten. */
export class Once<V> {
  readonly #answers = new Map<string, Promise<V>>()
  get(key: string, ask: () => Promise<V>): Promise<V> {
    let answer = this.#answers.get(key)
    if (answer === undefined) {
      answer = ask()
      this.#answers.set(key, answer)
      answer.catch(() => this.#answers.delete(key))
    }
    return answer
  }
  forget(key: string): void {
    this.#answers.delete(key)
  }
}
