/** What takes minutes to normalize: marks in the wrong order. */
export const MARKS_1MB = `a${'\u0301\u0323'.repeat(5e5)}`;
