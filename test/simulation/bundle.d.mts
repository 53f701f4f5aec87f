/** Resolves with the path of the program, a file that is gone when this process ends. */
export function bundleSimulation(plant?: string): Promise<string>
