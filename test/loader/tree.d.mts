export declare const ROOT: string
export declare function compiledTree(): string
export declare function compiledText(code: string): string
