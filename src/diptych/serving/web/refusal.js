/** Why there is no answer, in a sentence; and whether asking again may help. */
export class Refusal extends Error {
  constructor(sentence, { again = false } = {}) {
    super(sentence);
    this.again = again;
  }
}
