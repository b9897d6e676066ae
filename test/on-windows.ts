/** For `skipIf`: whether this is Windows, where some things that tests need do not exist. Says so once per use. */
export function onWindows(missing: string): boolean {
  const windows = process.platform === 'win32';
  if (windows) console.warn(`NOT RUN on Windows: what needs ${missing}`);
  return windows;
}
