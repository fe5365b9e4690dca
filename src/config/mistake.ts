// What a parser of a single value returns when the text cannot be what it should be.

export class Mistake {
  readonly message: string
  readonly hint: string

  constructor(message: string, hint: string) {
    this.message = message
    this.hint = hint
  }
}
