/** Milliseconds of CPU that this process has spent: unlike the clock's, they do not grow with what else the machine does. */
export function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
