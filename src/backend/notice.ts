/** One line on stderr for what a backend does otherwise than it was asked to, each text once. */

const said = new Set<string>();

export function notice(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  process.stderr.write(`gaugegrad: ${text}\n`);
}
