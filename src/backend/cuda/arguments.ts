/** The argument of a kernel, word by word: 32-bit numbers, and addresses and long numbers of two words. */
export class KernelArgument {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;

  constructor(words: number) {
    this.words = new Int32Array(words);
    this.bytes = new Uint8Array(this.words.buffer);
  }

  /** A whole number below 2^53. */
  long(word: number, x: number): void {
    this.words[word] = x % 2 ** 32 | 0;
    this.words[word + 1] = Math.floor(x / 2 ** 32);
  }
}
