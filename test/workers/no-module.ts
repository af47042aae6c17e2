export const start = 'this is no default export'
