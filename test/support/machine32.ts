/** The same DLL as one for 32-bit programs, by what its header says. */
export function forMachine32(dll: Buffer): Buffer {
  const copy = Buffer.from(dll);
  copy.writeUInt16LE(0x14c, copy.readUInt32LE(0x3c) + 4);
  return copy;
}
