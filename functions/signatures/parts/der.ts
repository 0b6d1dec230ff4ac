/** R and S side by side as `30 len 02 len R 02 len S` (RFC 3279 section 2.2.3), each integer in as few bytes as it takes. */
export function der(sideBySide: Uint8Array): Buffer {
  const width = sideBySide.length / 2
  const integers = [sideBySide.subarray(0, width), sideBySide.subarray(width)].map(integer)
  const length = integers.reduce((sum, part) => sum + part.length, 0)
  // Two integers of P-521 take 138 bytes at most.
  return Buffer.concat([Buffer.from(length < 0x80 ? [0x30, length] : [0x30, 0x81, length]), ...integers])
}

function integer(number: Uint8Array): Buffer {
  let from = 0
  while (from < number.length - 1 && number[from] === 0) from++
  const digits = number.subarray(from)
  // A leading zero says that the number is positive.
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : []
  return Buffer.from([0x02, sign.length + digits.length, ...sign, ...digits])
}
