/** The three binary interfaces of MPI: how handles are passed, and what the constants are (mpi.h of Open MPI 4 and 5, MPICH 4, and of the MPI-5 standard). */

export type InterfaceName = "ompi" | "mpich" | "abi";

/** A handle or a pointer: an address, or a small number. */
export type Word = number | bigint;

/** A function of the library. */
export type Foreign = (...args: (Word | ArrayBufferView | null)[]) => number;

export interface MpiLibrary {
  readonly file: string;
  readonly interface: InterfaceName;
  /** First line of MPI_Get_library_version. */
  readonly version: string;
  func(prototype: string): Foreign;
  /** Address of an object that the library exports. */
  address(symbol: string): Word;
  /** Bytes of an open file as memory that all see who have mapped it. @throws BackendError when the system refuses. */
  map(file: number, at: number, bytes: number): Uint8Array;
}

export interface Interface {
  readonly name: InterfaceName;
  /** C type of a handle, and its bytes. */
  readonly handle: "void*" | "int";
  readonly handleBytes: 4 | 8;
  readonly inPlace: Word;
  readonly ignoreStatuses: Word;
  /** Argument of MPI_Init_thread: only one thread calls. */
  readonly funneled: number;
  readonly world: Word;
  readonly double: Word;
  readonly byte: Word;
  readonly sum: Word;
  readonly max: Word;
  readonly errorsReturn: Word;
  readonly noInfo: Word;
  /** Argument of MPI_Comm_split_type: ranks that can share memory. */
  readonly typeShared: number;
}

const interfaces: Readonly<Record<InterfaceName, (library: MpiLibrary) => Interface>> = {
  // handles are the addresses of objects that the library exports
  ompi: (library) => ({
    name: "ompi",
    handle: "void*",
    handleBytes: 8,
    inPlace: 1n,
    ignoreStatuses: 0n,
    funneled: 1,
    world: library.address("ompi_mpi_comm_world"),
    double: library.address("ompi_mpi_double"),
    byte: library.address("ompi_mpi_byte"),
    sum: library.address("ompi_mpi_op_sum"),
    max: library.address("ompi_mpi_op_max"),
    errorsReturn: library.address("ompi_mpi_errors_return"),
    noInfo: library.address("ompi_mpi_info_null"),
    typeShared: 0,
  }),
  mpich: () => ({
    name: "mpich",
    handle: "int",
    handleBytes: 4,
    inPlace: -1n,
    ignoreStatuses: 1n,
    funneled: 1,
    world: 0x44000000,
    double: 0x4c00080b,
    byte: 0x4c00010d,
    sum: 0x58000003,
    max: 0x58000001,
    errorsReturn: 0x54000001,
    noInfo: 0x1c000000,
    typeShared: 1,
  }),
  abi: () => ({
    name: "abi",
    handle: "void*",
    handleBytes: 8,
    inPlace: 1n,
    ignoreStatuses: 0n,
    funneled: 1024,
    world: 0x101n,
    double: 0x214n,
    byte: 0x247n,
    sum: 0x21n,
    max: 0x23n,
    errorsReturn: 0x143n,
    noInfo: 0x130n,
    typeShared: 221,
  }),
};

/** Constants and handles of a loaded library. */
export const interfaceOf = (name: InterfaceName, library: MpiLibrary): Interface => interfaces[name](library);
