import { FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import type { Context } from './context.ts'

/** `fairlead completion bash|zsh|fish`, made from the commands themselves. */
export function addCompletion(program: Command, context: Context): void {
  program
    .command('completion')
    .description('a script that completes commands in your shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) => {
      const commands = program.commands.map((command) => ({ name: command.name(), about: command.description(), words: wordsOf(command) }))
      if (shell === 'bash') context.terminal.out(bash(commands))
      else if (shell === 'zsh') context.terminal.out(zsh(commands))
      else if (shell === 'fish') context.terminal.out(fish(commands))
      else
        throw new FairleadError('BAD_USER_INPUT', `there is no completion for ${JSON.stringify(shell)}`, { next: 'use bash, zsh or fish' })
    })
}

interface Completed {
  readonly name: string
  readonly about: string
  readonly words: readonly string[]
}

function wordsOf(command: Command): string[] {
  return [...command.commands.map((sub) => sub.name()), ...command.options.flatMap((option) => option.long ?? [])]
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, words }) => `    ${name}) words="${words.join(' ')}" ;;`)
  return [
    '_fairlead() {',
    '  local words cur="$' + '{COMP_WORDS[COMP_CWORD]}"',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${commands.map(({ name }) => name).join(' ')}"`,
    '  else case "$' + '{COMP_WORDS[1]}" in',
    ...cases,
    '  esac; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    'complete -F _fairlead fairlead',
    '',
  ].join('\n')
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map(({ name, about }) => `    '${name}:${about.replaceAll("'", '').replaceAll(':', '')}'`)
  const cases = commands.map(({ name, words }) => `    ${name}) compadd -- ${words.join(' ')} ;;`)
  return [
    '#compdef fairlead',
    '_fairlead() {',
    '  local -a commands=(',
    ...names,
    '  )',
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  case "$words[2]" in',
    ...cases,
    '  esac',
    '}',
    'compdef _fairlead fairlead',
    '',
  ].join('\n')
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, about, words }) => [
    `complete -c fairlead -n __fish_use_subcommand -f -a ${name} -d '${about.replaceAll("'", '')}'`,
    ...words.map((word) =>
      word.startsWith('--')
        ? `complete -c fairlead -n '__fish_seen_subcommand_from ${name}' -l ${word.slice(2)}`
        : `complete -c fairlead -n '__fish_seen_subcommand_from ${name}' -f -a ${word}`,
    ),
  ])
  return `${lines.join('\n')}\n`
}
