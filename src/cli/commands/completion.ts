/** `gaugegrad completion SHELL`: a script for the shell to load. */
import { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { commands } from "../commands.ts";
import type { CliContext } from "../context.ts";

/** What can follow a command's name. */
interface Completable {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly string[];
}

const SHELLS = { bash, zsh, fish } as const;

export function completionCommand(context: CliContext): Command {
  return new Command("completion")
    .description("Prints a completion script: source <(gaugegrad completion bash), the same for zsh, or gaugegrad completion fish | source.")
    .argument("<SHELL>", Object.keys(SHELLS).join(", "))
    .action(async (shell: string) => {
      if (!Object.hasOwn(SHELLS, shell)) throw new UsageError(`completion: got the shell "${shell}", expected ${Object.keys(SHELLS).join(", ")}`);
      const list = await Promise.all(
        commands.map(async ({ name, summary, load }): Promise<Completable> => {
          const command = (await load())(context);
          const choices = command.registeredArguments.flatMap((a) => (/^[\w-]+(, [\w-]+)+$/.test(a.description) ? a.description.split(", ") : []));
          return { name, summary, words: [...command.commands.map((c) => c.name()), ...choices, ...command.options.flatMap((o) => (o.long ? [o.long] : [])), "--help", "--quiet", "--debug", "--debug-nan"] };
        }),
      );
      context.stdout(SHELLS[shell as keyof typeof SHELLS](list));
    });
}

function bash(list: readonly Completable[]): string {
  return `_gaugegrad() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${list.map((c) => c.name).join(" ")} help --help --version"
  else
    case "\${COMP_WORDS[1]}" in
${list.map((c) => `      ${c.name}) words="${c.words.join(" ")}" ;;`).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _gaugegrad gaugegrad
`;
}

function zsh(list: readonly Completable[]): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(":", "\\:");
  return `#compdef gaugegrad
_gaugegrad() {
  local -a names
  names=(${list.map((c) => `'${c.name}:${quoted(c.summary)}'`).join(" ")})
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  case "$words[2]" in
${list.map((c) => `    ${c.name}) compadd -- ${c.words.join(" ")} ;;`).join("\n")}
  esac
  _files
}
compdef _gaugegrad gaugegrad
`;
}

function fish(list: readonly Completable[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return list
    .flatMap((c) => [
      `complete -c gaugegrad -n __fish_use_subcommand -a ${c.name} -d ${quoted(c.summary)}`,
      ...c.words.map((w) => (w.startsWith("--") ? `complete -c gaugegrad -n '__fish_seen_subcommand_from ${c.name}' -l ${w.slice(2)}` : `complete -c gaugegrad -n '__fish_seen_subcommand_from ${c.name}' -a ${w}`)),
    ])
    .join("\n")
    .concat("\n");
}
