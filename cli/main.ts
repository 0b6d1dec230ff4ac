/** `main.ts VERB …`, run by launch.mjs on Node 24. */
import { command } from './command.ts'

// Whoever started us is gone: nothing of ours may go on.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()

const { stdout } = process
// A pipe that nobody reads any more ends us quietly; one that is full is waited for, since the process ends behind its verb.
stdout.on('error', () => process.exit(0))
process.exitCode = await command(process.argv.slice(2))
if (stdout.writableLength > 0) await new Promise<void>((resolve) => { stdout.write('', () => resolve()) })
// A keep-alive connection of an AWS client would hold the process for a while.
process.exit()
