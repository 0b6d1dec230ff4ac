/** `main.ts VERB …`, run by launch.mjs on Node 24. */
import { command } from './command.ts'

// Whoever started us is gone: nothing of ours may go on.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()

process.exitCode = await command(process.argv.slice(2))
// A keep-alive connection of an AWS client would hold the process for a while.
process.exit()
