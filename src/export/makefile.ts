/** Makefile of an exported library. */
export function makefile(name: string): string {
  const warnings = "-Wall -Wextra";
  return `# make: static and shared library; make test: the same numbers as where it was exported; make OPENMP=: one thread; OpenMP is used where the compiler has it
CC ?= cc
OPENMP ?= $(shell echo 'int main(void) { return omp_get_max_threads() < 1; }' | $(CC) -fopenmp -include omp.h -x c - -o /dev/null 2>/dev/null && echo -fopenmp)
CFLAGS ?= -O3 -march=native -fno-math-errno -fno-trapping-math
# fused multiply-add, which gcc leaves out under -std=c11: a fifth of the time
FLAGS = -std=c11 ${warnings} -fPIC -ffp-contract=fast $(OPENMP) $(CFLAGS)

all: lib${name}.a lib${name}.so test

${name}.o: ${name}.c ${name}.h
	$(CC) $(FLAGS) -c -o $@ ${name}.c

lib${name}.a: ${name}.o
	$(AR) rcs $@ ${name}.o

lib${name}.so: ${name}.o
	$(CC) $(FLAGS) -shared -o $@ ${name}.o -lm

test: test.c lib${name}.a
	$(CC) $(FLAGS) -o $@ test.c lib${name}.a -lm

check: test
	./test

clean:
	rm -f ${name}.o lib${name}.a lib${name}.so test

.PHONY: all check clean
`;
}

/** Makefile of a library with kernels for a device. */
export function deviceMakefile(name: string): string {
  return `# make: static and shared library with nvcc; make shim: the same file on the processor, without CUDA; make check: its numbers
NVCC ?= nvcc
CXX ?= g++
CC ?= cc
ARCH ?= sm_90
FLAGS = -O2

all: lib${name}.a lib${name}.so

${name}.o: ${name}.cu ${name}.h
	$(NVCC) -std=c++17 $(FLAGS) -arch=$(ARCH) -Xcompiler -fPIC -Xptxas -v -c -o $@ ${name}.cu

lib${name}.a: ${name}.o
	$(AR) rcs $@ ${name}.o

lib${name}.so: ${name}.o
	$(NVCC) -shared -o $@ ${name}.o

test: test.c lib${name}.a
	$(CC) -std=c11 -c -o test.o test.c
	$(NVCC) -o $@ test.o lib${name}.a -lm

check: test
	./test

shim: test.c ${name}.cu ${name}.h cuda_shim.h
	$(CC) -std=c11 -Wall -Wextra $(FLAGS) -c -o test.o test.c
	$(CXX) -std=c++17 -Wall -Wextra -Wno-unused-function $(FLAGS) -x c++ -c -o shim.o ${name}.cu
	$(CXX) -o $@ test.o shim.o -lm

clean:
	rm -f ${name}.o lib${name}.a lib${name}.so test test.o shim shim.o

.PHONY: all check clean
`;
}
